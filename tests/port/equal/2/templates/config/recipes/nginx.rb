namespace :nginx do
  desc "Write the site's file."
  task :setup, :roles => :web do
    template "nginx.erb", "/tmp/nginx_conf"
    run "#{sudo} mv /tmp/nginx_conf /etc/nginx/sites-enabled/#{application}"
    template "motd.erb", "/etc/motd"
    restart
  end

  task :restart, :roles => :web do
    run "#{sudo} service nginx restart"
  end
end
