"""Looking at customers' domains week by week: when each is due, what asks the DNS, and what is remembered of each look.

What is seen, and what it comes to, is `collectors.customerdomain`.
"""
