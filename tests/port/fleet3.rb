lock "3.19"
role :app, %w[app1 app2]
task :three do
  on roles(:app) do |host|
    execute :touch, "/tmp/made" unless test("[ -e /tmp/there ]")
    if test "[ -e /tmp/there ]"
      execute :echo, "yes", ">", "/tmp/answer"
    else
      execute :echo, "no", ">", "/tmp/answer"
    end
    within "/tmp" do
      with some_name: "value" do
        execute :env, "| grep SOME_NAME > env"
      end
    end
  end
end
