"""Who gets whom: queues, selection and opening hours, as pure functions over frozen pictures."""
