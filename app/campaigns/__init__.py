"""Campaigns (群发任务): one message to many, composed by one admin and approved by another."""
