namespace :logs do
  desc "Show the last lines."
  task :tail do
    on roles(:app) do |host|
      execute :tail, "-n", fetch(:log_lines), "#{current_path}/log/production.log"
    end
  end
end
