# Words that few recipes have.
set :application, "shop"
set :deploy_to, "/u/apps/shop"
role :app, "app1", "app2"
role :db, "db1", :primary => true

logger.level = Logger::MAX_LEVEL

def quiet
  level = logger.level
  logger.level = Logger::IMPORTANT
  yield
  logger.level = level
end

def file_in_path?(file)
  begin
    !!find_file_in_load_path(file)
  rescue LoadError
    false
  end
end

def greeting
  "hello"
end

def with_all(settings)
  old = {}
  settings.each { |name, value| old[name] = send name }
  settings.each { |name, value| set name, value }
  yield
  old.each { |name, value| set name, value }
end

task :level, :roles => :app do
  quiet { run "one" }
  run "two" if Logger::DEBUG > Logger::INFO
end

task :looks do
  puts file_in_path?("config/none"), file_in_load_path?("config/none")
end

task :sends do
  [:application, :deploy_to].each { |name| puts send(name) }
  puts send(:greeting)
  with_all(:application => "other") { puts application }
  puts application
end
