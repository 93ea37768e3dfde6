#!/usr/bin/perl
# A FastCGI listener: answers every request with the application's version. The listening socket is standard input.
#   HUP   read the version again       USR1  finish the request, then end
#   USR2  finish the request, then run the newest code in this process       TERM, INT  end now
use strict;
use warnings;

my $program = $0;
my ($END, $STDIN, $STDOUT) = (3, 5, 6);
my ($version, $leave, $again);

sub read_version {
  (my $file = $program) =~ s{public/dispatch\.fcgi$}{VERSION};
  open(my $in, '<', $file) or return $version = 'unknown';
  chomp($version = <$in> // 'unknown');
}

sub bytes {
  my ($client, $count) = @_;
  my $text = '';
  while (length $text < $count) {
    sysread($client, $text, $count - length $text, length $text) or return undef;
  }
  return $text;
}

sub record {
  my ($type, $id, $text) = @_;
  return pack('CCnnCC', 1, $type, $id, length $text, 0, 0) . $text;
}

sub answer {
  my ($client) = @_;
  while (defined(my $head = bytes($client, 8))) {
    my (undef, $type, $id, $length, $padding) = unpack('CCnnC', $head);
    return unless defined bytes($client, $length + $padding);
    next unless $type == $STDIN && $length == 0;
    my $page = "Content-Type: text/plain\r\n\r\nflipper $version, process $$\n";
    syswrite($client, record($STDOUT, $id, $page) . record($STDOUT, $id, '') . record($END, $id, pack('NCx3', 0, 0)));
    return;
  }
}

# Signals are taken between requests: `select` ends early when one comes.
$SIG{HUP}  = \&read_version;
$SIG{USR1} = sub { $leave = 1 };
$SIG{USR2} = sub { $again = 1 };
$SIG{PIPE} = 'IGNORE';

read_version();
until ($leave || $again) {
  my $ready = '';
  vec($ready, fileno(STDIN), 1) = 1;
  # One second bounds the moment between the check above and the wait.
  next if select($ready, undef, undef, 1) < 1;
  accept(my $client, STDIN) or next;
  answer($client);
  close $client;
}
exec($^X, $program) if $again;
