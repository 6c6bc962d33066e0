copy "Music".S_Song ( Song_ID , "order", title )
from 's3://bucket/it''s/key' iam_role 'arn:aws:iam::123456789012:role/a,arn:aws:iam::123456789012:role/b'
truncatecolumns trimblanks timeformat as 'epochmillisecs' roundec null '\N' ignoreheader as 1 fillrecord
emptyasnull dateformat 'auto' blanksasnull acceptinvchars '^' acceptanydate explicit_ids ignoreblanklines
csv quote as '''' delimiter '\t' bzip2 encoding utf16le manifest region as 'eu-west-1' maxerror as 0
compupdate preset comprows 100000 statupdate false noload -- the end
;