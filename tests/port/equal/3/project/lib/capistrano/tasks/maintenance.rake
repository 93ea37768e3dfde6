namespace :maintenance do
  desc "Show the maintenance page."
  task :on do
    on roles(:web) do
      execute :touch, "#{shared_path}/down.html"
    end
  end

  desc "Remove the maintenance page."
  task :off do
    on roles(:web) do
      execute :rm, "-f", "#{shared_path}/down.html"
    end
  end

  task schedule: :on do
    on(roles(:db)) { execute :touch, "/tmp/scheduled" }
  end
end
