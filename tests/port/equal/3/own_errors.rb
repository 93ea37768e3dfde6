# Errors whose classes the recipe defines: each rescue takes its own.
class Outdated < StandardError; end
Skipped = Class.new(Outdated)
module Site
  class Closed < StandardError; end
end

task :build do
  on roles(:app) do
    within "/srv/new" do
      begin
        last = capture(:ls, "-t", "/srv").split[1]
        raise Outdated unless last
        execute(:cmp, "Gemfile.lock", last) rescue raise(Outdated)
        execute :never
      rescue Outdated
        execute :rake, "build"
      end
    end
  end
end

task :derived do
  begin
    raise Skipped, "nothing new"
  rescue Site::Closed
    puts "closed"
  rescue Outdated => e
    puts e.message
  end
  on(roles(:app)) { execute :goes_on }
end

task :others do
  begin
    raise "plain"
  rescue Outdated
    puts "not reached"
  end
end

task :last_one do
  begin
    raise "plain"
  rescue Outdated => e
    puts "not reached"
  rescue => error
    puts error.message
  end
end

task :again do
  begin
    raise Site::Closed.new("shut")
  rescue Site::Closed
    puts "once more"
    raise
  end
end

task :without_words do
  raise Outdated
end
