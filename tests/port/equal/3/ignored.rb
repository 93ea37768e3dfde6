# What Capistrano 3 takes without doing anything with it.
set :application, "shop"

task :options do
  on roles(:db), primary: true do
    execute "uptime"
  end
  on roles(:app), filter: :none do |host|
    execute :echo, host.hostname
  end
end

task :lists do
  on roles(:app) do
    Array(fetch(:extra_files, ["a", "b"])).each do |file|
      execute "touch #{file}"
    end
  end
end
