Capistrano::Configuration.instance(:must_exist).load do
  namespace :cache do
    desc "Clear the cache."
    task :clear, :roles => :app do
      run "rm -rf #{current_path}/tmp/cache"
    end
  end
end
