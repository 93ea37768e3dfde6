server 'wiki1.example.com', user: 'deploy', roles: %w{app web}, primary: true
server 'wiki2.example.com', user: 'deploy', roles: %w{app}
role :db, %w{deploy@db.example.com}
set :branch, 'stable'
