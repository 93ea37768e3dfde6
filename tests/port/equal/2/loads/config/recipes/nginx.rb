namespace :nginx do
  desc "Set nginx up."
  task :setup, :roles => :app do
    run "echo listen #{nginx_port} > /etc/nginx/#{application}"
    restart
  end

  %w[start stop restart].each do |command|
    task command, :roles => :app do
      run "#{sudo} service nginx #{command}"
    end
  end
end
