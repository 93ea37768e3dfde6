namespace :bell do
  desc "Ring it"
  task :ring do
    on roles(:app) do
      execute :bell, "--tone", fetch(:bell_tone), "--times", fetch(:bell_times)
    end
  end

  task :rest do
    on roles(:app) do
      execute :sleep, 1
    end
  end
end
