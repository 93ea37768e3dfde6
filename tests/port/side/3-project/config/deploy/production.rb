role :app, %w{deploy@app1:2222 deploy@app2:2222}
role :web, %w{deploy@app2:2222}
set :level, "high"
