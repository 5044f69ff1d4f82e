"""The wall screen: open to whoever has its address."""
