# runs: fills finds says last whole
# Templates whose name a run computes.
set :application, "shop"
set :repo_url, "x"
set :web_port, 81
