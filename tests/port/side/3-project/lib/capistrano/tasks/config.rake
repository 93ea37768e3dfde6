namespace :config do
  desc "Upload the configuration"
  task :upload do
    on roles(:app) do
      text = ERB.new(File.read("config/app.conf.erb"), trim_mode: "-").result(binding)
      upload! StringIO.new(text), "#{release_path}/app.conf"
      execute :chmod, "640", "#{release_path}/app.conf"
    end
  end

  task :announce do
    on roles(:web) do |host|
      execute "echo 'deployed on #{host}' > #{current_path}/announced"
    end
    on primary(:app) do
      execute :touch, current_path.join("primary")
    end
  end
end
