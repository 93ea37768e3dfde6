# In one stage a server is marked as the primary one of its roles, in the other none is.
# stage: beta
set :application, "shop"

task :one do
  on primary(:db) do
    execute :echo, "once"
  end
end

task :each do
  on primary(:db) do |host|
    execute :echo, host.hostname
  end
  on primary(:web) do
    execute :echo, "web"
  end
end
