"""What a first run shows: users, phones and customers that are made up."""
