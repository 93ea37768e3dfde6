# Files that are sent and fetched.
task :send do
  on roles(:app) do
    upload! "config/database.yml", "/srv/app/database.yml"
    upload! StringIO.new("text"), "/srv/app/text"
    upload! "public", "/srv/app", recursive: true
  end
end

task :fetch do
  on roles(:db) do
    download! "/srv/dump.sql", "dump.sql"
  end
end

task :named do
  on roles(:app) do |host|
    upload! "keys/#{host.hostname}", "/srv/key"
  end
end
