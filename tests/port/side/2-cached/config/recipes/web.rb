namespace :web do
  task :configure, :roles => :web do
    template "site.erb", "#{release_path}/site.conf"
    run "echo '#{marker}' > #{release_path}/stage"
  end
end
