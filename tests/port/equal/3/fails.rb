set :application, "shop"
set :repo_url, "https://example.com/shop.git"

task :asks do
  on(roles(:app)) { execute "first" }
  invoke "none"
end

task :constant do
  on(roles(:app)) { execute "first" }
  puts Undefined::NAME
end

task :hooked_after do
  on(roles(:app)) { execute "first" }
end

task :hooked_before do
  on(roles(:app)) { execute "first" }
end

task :names do
  on(roles(:app)) { execute "first" }
  undefined.restart
end

task :needs => :none do
  on(roles(:app)) { execute "first" }
end

task :rescued do
  begin
    Undefined "x"
  rescue => e
    puts "rescued"
  end
  on(roles(:app)) { execute "second" }
end

after :hooked_after, :none
before :hooked_before, :none
