"""What an organiser fills in to set up a programme, a module for each form: words, settings, options, money."""
