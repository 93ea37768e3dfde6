namespace :lamp do
  task :sweep do
    on roles(:db) do
      execute :sweep, current_path
    end
  end
end
