"""Ligtas: what epidemiologists and labour inspectors know, joined by area and sector."""
