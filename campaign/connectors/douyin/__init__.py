"""Douyin shop (抖店): its order export."""
