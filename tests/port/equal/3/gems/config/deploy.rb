# Recipe libraries of gems: defaults, helpers in modules, paths beside files, plugins.
set :application, "shop"
set :repo_url, "git@example.com:shop.git"
set :lamp_colour, "red"
set :bell_tone, "high"

task :both do
  invoke "lamp:on"
  invoke "bell:ring"
end
