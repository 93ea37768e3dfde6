task :last do
  on(roles(:app)) { execute :uptime }
end

def filled_whole(path, name)
  ERB.new(File.read(path)).result(binding)
end

task :whole do
  puts filled_whole("config/templates/logs.erb", "logs"), filled_whole(File.join(File.dirname(__FILE__), "../../config/templates/web.erb"), "other")
end
