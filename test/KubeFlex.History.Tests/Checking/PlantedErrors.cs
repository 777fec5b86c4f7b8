using KubeFlex.History.Checking;

namespace KubeFlex.History.Tests.Checking;

/// <summary>Ways to spoil a valid history; each answers null when the history has no place for it.</summary>
internal static class PlantedErrors
{
    public static readonly Dictionary<string, (Wrong[] Found, Func<RecordedHistory, Random, RecordedHistory?> Plant)> All = new()
    {
        ["an acknowledged write is lost at the end"] = ([Wrong.LostWrite], (history, _) => CutWitness(history)),
        ["a revision is skipped"] = ([Wrong.RevisionOrder], (history, random) => Witness(history, random, (list, at) => list.RemoveAll(d => d.Revision == list[at].Revision))),
        ["a revision goes back"] = ([Wrong.RevisionOrder], (history, random) => Witness(history, random, (list, at) => list.Insert(list.Count, list[at]))),
        ["a change has the wrong version"] = ([Wrong.Content], (history, random) => Witness(history, random, (list, at) => Now(list, at, entry => entry with { Version = entry.Version + 1 }))),
        ["a change has the wrong create revision"] = ([Wrong.Content], (history, random) => Witness(history, random, (list, at) => Now(list, at, entry => entry with { Create = entry.Create - 1 }))),
        ["another value was written"] = ([Wrong.PhantomWrite, Wrong.LostWrite, Wrong.HalfWrite], (history, random) => Witness(history, random, (list, at) => Now(list, at, entry => entry with { Value = "nobody's" }))),
        ["half a transaction"] = ([Wrong.HalfWrite], HalfTransaction),
        ["a refused write happened"] = ([Wrong.RefusedWrite], (history, random) => Change(history, random, Puts, call => call with { Outcome = Outcome.Refused, Answer = null })),
        ["nobody asked for a write"] = ([Wrong.PhantomWrite], (history, random) => Drop(history, random, call => Puts(call) && ((Transaction)call.Request).Then.Count == 1)),
        ["a write happened twice"] = ([Wrong.DoubleWrite], Twice),
        ["two writes got one revision"] = ([Wrong.DoubleWrite], SameRevision),
        ["a condition that did not hold"] = ([Wrong.WrongBranch], (history, random) => Change(history, random, call => call.Request is Transaction { If.Count: 1 } && call.Answer is TransactionAnswer { Succeeded: true },
            call => call with { Request = (Transaction)call.Request with { If = [((Transaction)call.Request).If[0] with { Number = 999_999 }] } })),
        ["the other branch shows something else"] = ([Wrong.WrongBranch], (history, random) => Change(history, random, call => call.Answer is TransactionAnswer { Succeeded: false },
            call => call with { Answer = (TransactionAnswer)call.Answer! with { Steps = [new(new Entry("nobody's", 1, 1, 1))] } })),
        ["a deletion of nothing counts one"] = ([Wrong.WrongBranch, Wrong.LostWrite, Wrong.HalfWrite, Wrong.RealTime, Wrong.DoubleWrite], (history, random) => Change(history, random, call => RemovesNothing(history, call),
            call => call with { Answer = (TransactionAnswer)call.Answer! with { Steps = [new(Removed: 1)] } })),
        ["a read leaves a key out"] = ([Wrong.WrongRead], (history, random) => Change(history, random, call => call.Answer is ReadAnswer { Items.Count: > 0 },
            call => call with { Answer = (ReadAnswer)call.Answer! with { Items = [.. ((ReadAnswer)call.Answer).Items.Skip(1)] } })),
        ["a read counts wrongly"] = ([Wrong.WrongRead], (history, random) => Change(history, random, call => call.Answer is ReadAnswer, call => call with { Answer = (ReadAnswer)call.Answer! with { Count = 77 } })),
        ["a page says it is the last"] = ([Wrong.WrongRead], (history, random) => Change(history, random, call => call.Answer is ReadAnswer { More: true }, call => call with { Answer = (ReadAnswer)call.Answer! with { More = false } })),
        ["a read is stale"] = ([Wrong.RealTime], (history, random) => Change(history, random, call => call.Answer is { Revision: < 20 } and not TransactionAnswer, Older)),
        ["a stale value is read"] = ([Wrong.NotLinearizable], StaleValue),
        ["a write is ordered before what had ended"] = ([Wrong.RealTime], (history, random) => Change(history, random, call => Puts(call) && call.Answer!.Revision < 20, call => call with { Invoked = 100_000, Returned = 100_001 })),
        ["said to be compacted"] = ([Wrong.NotCompacted], (history, random) => Change(history with { Calls = [.. history.Calls.Where(call => call.Request is not Compaction)] }, random, call => call is { Request: Read { Revision: > 0 }, Answer: not null },
            call => call with { Outcome = Outcome.Compacted, Answer = null })),
        ["a watch misses a change"] = ([Wrong.WatchMissed], (history, random) => Watched(history, random, (list, at) => list.RemoveAt(at), changeAfter: true)),
        ["a watch repeats a change"] = ([Wrong.WatchRepeated], (history, random) => Watched(history, random, (list, at) => list.Insert(at + 1, list[at]))),
        ["a watch repeats a change later"] = ([Wrong.WatchRepeated], (history, random) => Watched(history, random, (list, at) => list.Add(list[at]))),
        ["a watch changes the order"] = ([Wrong.WatchOrder], (history, random) => Watched(history, random, (list, at) => (list[at], list[at + 1]) = (list[at + 1], list[at]), changeAfter: true)),
        ["a watch tells of another's key"] = ([Wrong.WatchOrder], (history, random) => Watched(history, random, (list, at) => list[at] = list[at] with { Change = list[at].Change! with { Key = "z" } })),
        ["a watch tells another value"] = ([Wrong.WatchContent], (history, random) => Watched(history, random, (list, at) => Now(list, at, entry => entry with { Value = "nobody's" }))),
        ["a watch tells another previous value"] = ([Wrong.WatchContent], (history, random) => Watched(history, random, (list, at) => list[at] = list[at] with { Change = list[at].Change! with { Before = new("nobody's", 1, 1, 1) } })),
        ["progress claims too much"] = ([Wrong.WatchProgress], (history, random) => Watched(history, random, (list, at) => list.Insert(at, list[at] with { Change = null }))),
        ["progress goes back"] = ([Wrong.WatchProgress], (history, random) => Watched(history, random, (list, at) => list.Insert(at + 1, new(list[at].Revision - 1, null)))),
        ["a watch goes on too late"] = ([Wrong.WatchMissed], (history, random) => Resumed(history, random, 1)),
        ["a watch goes on too early"] = ([Wrong.WatchMissed], (history, random) => Resumed(history, random, -1)),
        ["a lease ends too early"] = ([Wrong.Lease], (history, _) => Leases(history, call => call with { Request = new LeaseGrant(100_000) })),
        ["a lease leaves a key"] = ([Wrong.Lease, Wrong.PhantomWrite], HalfLease),
    };

    private static bool Puts(Call call) => call is { Outcome: Outcome.Done, Request: Transaction transaction, Answer: TransactionAnswer { Succeeded: true } } && transaction.Then.Any(step => step is Put);

    /// <summary>And nothing was deleted there by another whose answer is not known: that could be this one's.</summary>
    private static bool RemovesNothing(RecordedHistory history, Call call) =>
        call is { Request: Transaction { If: [], Then: [Remove remove] }, Answer: TransactionAnswer { Steps: [{ Removed: 0 }] } answer }
        && !history.Witness.Sessions[0].Deliveries.Exists(delivery => delivery.Revision == answer.Revision && delivery.Change is { Now: null } change && change.Key == remove.Key);

    private static Call Older(Call call) => call with { Invoked = 100_000, Returned = 100_001 };

    private static RecordedHistory? Change(RecordedHistory history, Random random, Func<Call, bool> fits, Func<Call, Call> change)
    {
        var at = Pick(history, random, fits);
        return at < 0 ? null : history with { Calls = [.. history.Calls.Select((call, i) => i == at ? change(call) : call)] };
    }

    private static RecordedHistory? Drop(RecordedHistory history, Random random, Func<Call, bool> fits)
    {
        var at = Pick(history, random, fits);
        return at < 0 ? null : history with { Calls = [.. history.Calls.Where((_, i) => i != at)] };
    }

    private static int Pick(RecordedHistory history, Random random, Func<Call, bool> fits)
    {
        var places = Enumerable.Range(0, history.Calls.Count).Where(i => fits(history.Calls[i])).ToList();
        return places.Count == 0 ? -1 : places[random.Next(places.Count)];
    }

    private static RecordedHistory CutWitness(RecordedHistory history)
    {
        var last = history.Calls.Where(Puts).Max(call => call.Answer!.Revision);
        return history with { Watches = [], Witness = Copy(history.Witness, list => list.RemoveAll(delivery => delivery.Revision >= last)) };
    }

    private static RecordedHistory? Witness(RecordedHistory history, Random random, Action<List<Delivery>, int> spoil)
    {
        var puts = Enumerable.Range(10, history.Witness.Sessions[0].Deliveries.Count - 20).Where(i => history.Witness.Sessions[0].Deliveries[i].Change!.Now is not null).ToList();
        return history with { Watches = [], Witness = Copy(history.Witness, list => spoil(list, puts[random.Next(puts.Count)])) };
    }

    private static RecordedHistory? HalfTransaction(RecordedHistory history, Random random)
    {
        var both = history.Witness.Sessions[0].Deliveries.GroupBy(delivery => delivery.Revision).Where(group => group.Count() == 2 && group.First().Change!.Key[0] == 'k').Select(group => group.Last()).ToList();
        if (both.Count == 0) return null;
        var gone = both[random.Next(both.Count)];
        return history with { Watches = [], Witness = Copy(history.Witness, list => list.Remove(gone)) };
    }

    private static RecordedHistory? Twice(RecordedHistory history, Random random) => Change(history, random, Puts, call => call) is null ? null
        : history with
        {
            Watches = [],
            Witness = Copy(history.Witness, list =>
            {
                var call = history.Calls.First(call => Puts(call) && ((Transaction)call.Request).Then is [Put { Key: not ['e', ..] }]);
                var put = (Put)((Transaction)call.Request).Then[0];
                var (before, revision) = (list.Last(delivery => delivery.Change!.Key == put.Key).Change!.Now, list[^1].Revision + 1);
                list.Add(new(revision, new(revision, put.Key, new(put.Value, before?.Create ?? revision, revision, (before?.Version ?? 0) + 1), before, 50_000)));
            }),
        };

    private static RecordedHistory? SameRevision(RecordedHistory history, Random random)
    {
        var one = history.Calls.First(Puts);
        return Change(history, random, call => Puts(call) && call != one, call => call with { Answer = (TransactionAnswer)call.Answer! with { Revision = one.Answer!.Revision } });
    }

    private static RecordedHistory? StaleValue(RecordedHistory history, Random random)
    {
        // Revisions as they should be: only the search by values can find this one.
        var key = "k1";
        var values = history.Witness.Sessions[0].Deliveries.Select(delivery => delivery.Change!).Where(change => change.Key == key && change.Now is not null).ToList();
        return values.Count < 3 ? null : history with
        {
            Calls = [.. history.Calls, new(99, 100_000, 100_001, new Read(key), Outcome.Done, new ReadAnswer(history.Witness.Sessions[0].Deliveries[^1].Revision, [new(key, values[0].Now!)], 1, false))],
        };
    }

    private static RecordedHistory? Watched(RecordedHistory history, Random random, Action<List<Delivery>, int> spoil, bool changeAfter = false)
    {
        var watch = history.Watches[0];
        var places = watch.Sessions.SelectMany((session, s) => session.Deliveries.Select((delivery, i) => (Session: s, At: i, delivery)))
            .Where(place => place.delivery.Change?.Now is not null && (!changeAfter || place.At + 1 < watch.Sessions[place.Session].Deliveries.Count
                && watch.Sessions[place.Session].Deliveries[place.At + 1] is { Change: not null } next && next.Revision > place.delivery.Revision)).ToList();
        if (places.Count == 0) return null;
        var (session, at, _) = places[random.Next(places.Count)];
        return history with { Watches = [Copy(watch, list => spoil(list, at), session)] };
    }

    private static RecordedHistory? Resumed(RecordedHistory history, Random random, int by)
    {
        var watch = history.Watches[0];
        var sessions = Enumerable.Range(1, watch.Sessions.Count - 1).Where(i => watch.Sessions[i].Deliveries.Count > 0).ToList();
        if (sessions.Count == 0) return null;
        var at = sessions[random.Next(sessions.Count)];
        return history with { Watches = [watch with { Sessions = [.. watch.Sessions.Select((session, i) => i == at ? session with { From = session.From + by } : session)] }] };
    }

    /// <summary>Only where a lease is known that ended by itself: what is revoked or deleted may go at any time.</summary>
    private static RecordedHistory? Leases(RecordedHistory history, Func<Call, Call> change)
    {
        var granted = history.Calls.Select(call => call.Request is LeaseGrant ? (call.Answer as LeaseAnswer)?.Id : null).ToHashSet();
        var revoked = history.Calls.Select(call => (call.Request as LeaseRevoke)?.Id).ToHashSet();
        var removed = history.Calls.SelectMany(call => call.Request is Transaction transaction ? transaction.Then.OfType<Remove>() : []).Select(remove => remove.Key).ToHashSet(StringComparer.Ordinal);
        return !history.Witness.Sessions[0].Deliveries.Exists(delivery => delivery.Change is { Now: null, Before: { Lease: not 0 } before } gone && granted.Contains(before.Lease) && !revoked.Contains(before.Lease) && !removed.Contains(gone.Key))
            ? null : history with { Calls = [.. history.Calls.Select(call => call.Request is LeaseGrant ? change(call) : call)] };
    }

    private static RecordedHistory? HalfLease(RecordedHistory history, Random random)
    {
        var both = history.Witness.Sessions[0].Deliveries.Where(delivery => delivery.Change is { Now: null } change && change.Key[0] == 'e').GroupBy(delivery => delivery.Revision).FirstOrDefault(group => group.Count() > 1);
        return both is null ? null : history with { Watches = [], Witness = Copy(history.Witness, list => list.Remove(both.Last())) };
    }

    private static WatchLog Copy(WatchLog watch, Action<List<Delivery>> spoil, int at = 0) =>
        watch with { Sessions = [.. watch.Sessions.Select((session, i) => i == at ? Spoilt(session, spoil) : session)] };

    private static void Now(List<Delivery> list, int at, Func<Entry, Entry> change) =>
        list[at] = list[at] with { Change = list[at].Change! with { Now = change(list[at].Change!.Now!) } };

    private static WatchSession Spoilt(WatchSession session, Action<List<Delivery>> spoil)
    {
        var copy = session with { Deliveries = [.. session.Deliveries] };
        spoil(copy.Deliveries);
        return copy;
    }
}
