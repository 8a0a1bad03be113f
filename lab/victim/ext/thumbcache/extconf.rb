require "mkmf"
create_makefile "thumbcache"
