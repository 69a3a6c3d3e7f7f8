"""What a person does with issues: look at them, enter, correct, release."""
