# Errors.
role :app, "app1"

task :rescued do
  begin
    raise "broken"
  rescue StandardError => e
    puts "rescued #{e.message}"
  end
  value = File.read("config/none") rescue "other"
  run "echo #{value}"
  run "may fail" rescue puts("failed")
end

task :ensured do
  begin
    run "work"
  rescue => e
    puts e
  else
    run "went well"
  ensure
    run "tidy"
  end
end

task :failing do
  run "first"
  raise "no more" if true
  run "never"
end

task :aborting do
  run "first"
  abort "stop here"
  run "never"
end
