INSERT INTO s_name (name, sex, births) VALUES
    ('Kim', 'M', 70);
