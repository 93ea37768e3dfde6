# What stages and servers say.
set :application, "shop"
set :deploy_to, "/srv/#{fetch(:application)}"
set :keep, 5

task :paths do
  on roles(:db) do
    execute :ls, deploy_path
    execute :ls, current_path.join("public")
    execute :ls, shared_path
    execute :echo, fetch(:keep), fetch(:stage)
  end
end

task :roles_of do
  on release_roles(:all) do
    execute :released
  end
  on roles(:all, exclude: :no_release) do
    execute :excluded
  end
  on roles(:all, filter: :primary) do
    execute :filtered
  end
end

task :lists do
  roles(:app).each do |server|
    on server do
      execute :echo, "one by one"
    end
  end
  on roles(:db) do
    execute :echo, roles(:web).map(&:hostname).join(" ")
    execute :echo, primary(:db).hostname
  end
end
