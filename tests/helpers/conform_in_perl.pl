#!/usr/bin/perl
# Part of the protocol in Perl, to be judged over JSON lines: perl conform_in_perl.pl
use strict;
use warnings;
use JSON::PP;
use List::Util qw(max min sum);

my @classes = qw(Angry Disgust Fear Happy Neutral Sad Surprise);
my %order = ( "RAF-DB" => [ undef, qw(Surprise Fear Disgust Happy Sad Angry Neutral) ],
              "FER2013" => [qw(Angry Disgust Fear Happy Sad Surprise Neutral)],
              "AffectNet" => [qw(Neutral Happy Sad Surprise Fear Disgust Angry)] );
my %usage = ( Training => "training", PublicTest => "validation", PrivateTest => "validation" );

# how many epochs in a row are no better than the best so far, by epoch; forgotten where this returns true
sub waiting {
    my ( $losses, $least, $patience, $reached ) = @_;
    my ( $best, $wait ) = ( 9**9**9, 0 );
    for my $epoch ( 0 .. $#$losses ) {
        if   ( $losses->[$epoch] < $best - $least ) { $best = $losses->[$epoch]; $wait = 0 }
        else                                        { $wait++ }
        if ( $wait >= $patience ) { return if $reached->($epoch); $wait = 0 }
    }
}

my %capability = (
    classes        => sub { \@classes },
    class_of_label => sub { $_[0]{label} < 0 ? undef : $order{ $_[0]{dataset} }[ $_[0]{label} ] },
    class_weights => sub {
        my $most = max @{ $_[0]{counts} };
        my @weights = map { $most / $_ } @{ $_[0]{counts} };
        return $_[0]{balancing} eq "simple" ? \@weights : [ map { min( 3, $_ ) } @weights ];
    },
    split_of_usage   => sub { $usage{ $_[0]{usage} } },
    monitored_split => sub { "validation" },
    batch_size      => sub { 32 * $_[0]{gpus} },
    steps_per_epoch => sub { int( $_[0]{images} / $_[0]{batch_size} ) },
    rounded         => sub { 0 + sprintf "%.2f", $_[0]{metric} },
    predicted_classes => sub {
        [ map { my $row = $_; my $top = max @$row; ( grep { $row->[$_] == $top } 0 .. $#$row )[0] } @{ $_[0]{outputs} } ]
    },
    learning_rates => sub {
        my ( $rate, @rates ) = ( $_[0]{initial_rate} );
        my %lower;
        waiting( $_[0]{val_losses}, 1e-4, 10, sub { $lower{ $_[0] } = 1; 0 } );
        for my $epoch ( 0 .. $#{ $_[0]{val_losses} } ) {
            push @rates, $rate;
            $rate = max( 1e-10, $rate * 0.5 ) if $lower{$epoch};
        }
        return \@rates;
    },
    stopping_epoch => sub { my $stop; waiting( $_[0]{val_losses}, 0, 20, sub { $stop = $_[0]; 1 } ); $stop },
    proportion_interval => sub {
        my ( $p, $n, $z ) = ( $_[0]{successes} / $_[0]{n}, $_[0]{n}, 1.959963984540054 );
        my $middle = ( $p + $z**2 / ( 2 * $n ) ) / ( 1 + $z**2 / $n );
        my $half = $z / ( 1 + $z**2 / $n ) * sqrt( $p * ( 1 - $p ) / $n + $z**2 / ( 4 * $n**2 ) );
        return [ $middle - $half, $middle + $half ];
    },
);

$| = 1;
my $json = JSON::PP->new->allow_nonref;
while ( my $line = <STDIN> ) {
    my $request = $json->decode($line);
    my $name = $request->{capability};
    my $value = $name eq "capabilities" ? [ sort keys %capability ] : $capability{$name}->( $request->{arguments} );
    print $json->encode( { id => $request->{id}, value => $value } ), "\n";
}
