"""What happened to a construct, in order; the way between rows and events is the kernel's, by the folds' selectors."""
