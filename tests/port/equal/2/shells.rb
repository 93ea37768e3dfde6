# Commands with all kinds of quotes.
set :application, "shop"
role :app, "app1"

task :quotes do
  run %{sh -c 'echo "a b" > /tmp/x'}
  run "perl -pi -e 's/a\\/b/c/g' /tmp/x"
  run "awk '{print $2}' /tmp/x | sort -u | xargs -I{} echo {}"
  run "[ -f /tmp/x ] && echo yes || echo \"no $(hostname)\""
  run "ps aux | grep '[u]nicorn' | awk '{ print $2 }' | xargs kill -QUIT; true"
  run "if [ -e /tmp/pid ]; then kill `cat /tmp/pid`; fi"
  run "crontab -l | { cat; echo '* * * * * /bin/true # #{application}'; } | crontab -"
  run "find /srv -name '*.tmp' -mtime +3 -exec rm {} \\;"
  run "echo '%Y-%m' \$PATH ${HOME} #{'${x}'}"
end
