# Errors that are caught, and what happens in any case.
role :app, "app1"

task :caught do
  begin
    raise "broken"
  rescue => e
    puts "rescued: #{e.message}"
  end
  run "goes on"
end

task :ensured do
  begin
    run "work"
  ensure
    run "tidy up"
  end
end

task :chosen do
  begin
    run "try"
  rescue RuntimeError
    run "again"
  end
end
