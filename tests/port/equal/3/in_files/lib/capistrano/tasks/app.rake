namespace :app do
  desc "Begin anew."
  task :restart do
    on roles(:app) do
      execute :touch, "imported"
    end
  end
end
