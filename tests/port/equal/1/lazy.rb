# Values that are known later, or come from outside.
set :application, "shop"
set(:config_path) { "#{base}/config" }
set :base, "/srv/#{application}"
set :tag, ENV["TAG"] || "trunk"
set(:svn_user) { ENV["SVN_USER"] || "nobody" }
role :app, ENV["APP_SERVER"] || "app1"

task :show do
  run "ls #{config_path}"
  run "svn co http://svn/#{tag} --username #{svn_user}"
  run "echo #{self[:missing] || "none"} #{release_path}"
end

task :changes do
  set :base, "/opt"
  run "ls #{base}"
end
