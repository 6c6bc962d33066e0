COPY s_name (name, sex, births)
FROM 'names'
FORMAT AS CSV
