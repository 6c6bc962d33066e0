INSERT INTO s_name (name, sex, births) VALUES
    ('Kim ', 'F', 71);
