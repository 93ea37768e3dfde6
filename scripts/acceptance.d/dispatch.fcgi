#!/usr/bin/perl
# The application's FastCGI listener: answers each request with its release, and with a row of both databases. The listening socket is
# standard input. USR2 runs the newest code once the request is answered; USR1 ends then, TERM and INT at once.
use strict;
use warnings;
use Cwd 'realpath';
use DBI;
use FCGI;

# scripts/acceptance replaces both.
my $CODE = '@VERSION@';
my $QUERY = '@QUERY@';

# Code and files are of the same release, whatever becomes current meanwhile; `current` is followed again when it restarts.
my $called = $ENV{CALLED_AS} //= $0;
my $program = realpath($0);
exec $^X, $program if $program ne $0;
(my $release = $program) =~ s{/public/dispatch\.fcgi$}{};
my ($leave, $again, %databases);

sub first_line {
  my ($file) = @_;
  open my $in, '<', "$release/$file" or return 'missing';
  chomp(my $line = <$in> // 'empty');
  return $line;
}

sub row {
  my ($server) = @_;
  my $row = eval {
    my $database = $databases{$server} //= DBI->connect(
      "dbi:Pg:dbname=flipper;host=$server.capistrano.com;connect_timeout=5", 'flipper', '', { RaiseError => 1, PrintError => 0 });
    join ' ', $database->selectrow_array("$QUERY, pg_is_in_recovery() from fish");
  };
  return $row if defined $row;
  delete $databases{$server};
  (my $reason = "error: $@") =~ s/\s+/ /g;
  return $reason;
}

$SIG{USR1} = sub { $leave = 1 };
$SIG{USR2} = sub { $again = 1 };
$SIG{PIPE} = 'IGNORE';
my $request = FCGI::Request();
until ($leave || $again) {
  my $ready = '';
  vec($ready, fileno(STDIN), 1) = 1;
  # A signal may come between the check above and the wait, which then takes a second.
  next if select($ready, undef, undef, 1) < 1;
  next if $request->Accept() < 0;
  print "Content-Type: text/plain\r\n\r\nflipper $CODE, process $$\n";
  print "release: ", $release =~ s{.*/}{}r, "\nversion: ", first_line('VERSION'), "\nrevision: ", first_line('REVISION'), "\n";
  print "db1: ", row('db1'), "\ndb2: ", row('db2'), "\n";
  # Some requests take long, and read of their release once more at their end.
  select undef, undef, undef, 0.5 if $ENV{QUERY_STRING} eq 'slow';
  print 'version: ', first_line('VERSION'), "\nend\n";
  $request->Finish();
}
exec $^X, $called if $again;
