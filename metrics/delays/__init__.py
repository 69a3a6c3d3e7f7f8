"""What is not reported yet: delays, imputed onsets, nowcasts."""
