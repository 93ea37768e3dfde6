# Variables that nothing sets are nothing, also where capr's own library has a value for them.
set :application, "shop"
set :listed, "#{fetch(:shared_path)}/list"
set :chosen, fetch(:rails_env) || fetch(:stage)
set_if_empty :rake, "bin/rake"
set :given, "x" if ENV["GIVEN"]
set :is_given, true if ENV["GIVEN"]
if fetch(:application) == "other"
  set :extra, "e"
end

set :off, false
set :none, nil

task :shows do
  on roles(:app) do
    execute :echo, fetch(:tmp_dir), fetch(:off) || "on", "<#{fetch(:none)}>", shared_path + "log", current_path + "/x", revision_log
    execute :echo, fetch(:rails_env, "none"), fetch(:current_path, "nowhere"), fetch(:releases_path) || "none"
    execute :echo, fetch(:listed), fetch(:chosen), fetch(:rake)
    execute :echo, "<#{fetch(:rails_env)}>", "<#{fetch(:given)}>", fetch(:extra, "no")
    execute :true if fetch(:rails_env)
    execute :false unless fetch(:current_path)
    execute :echo, "none" unless fetch(:given)
    execute :echo, "none" unless fetch(:is_given)
    with rails_env: fetch(:rails_env) do
      execute :rake, "-T"
    end
  end
end

task :keeps do
  set :kept, "k"
  on(roles(:app)) { execute :echo, fetch(:kept) }
end

task :asks do
  on(roles(:app)) { execute :echo, "<#{fetch(:kept)}>" }
end
