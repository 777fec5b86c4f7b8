using System.Globalization;
using KubeFlex.History.Checking;

namespace KubeFlex.History.Driving;

/// <summary>
/// What a stock kube-apiserver does to etcd, one request after the other: creates that compare with revision 0, guaranteed updates, conditional deletes,
/// lists in pages of one revision, counts, events with leases, and every so often the round of compaction that several servers agree on. A little of
/// what only other clients do comes on top: unconditional puts and deletes, transactions over two keys, reads of the past.
/// </summary>
internal sealed class KubeClient(IRecordedClient client, Random random, int keys, Func<long> watched)
{
    public const string Prefix = "/registry/", End = "/registry0";
    public const string CompactionKey = "compact_rev_key";
    private const string Objects = "/registry/configmaps/default/", ObjectsEnd = "/registry/configmaps/default0";
    private const int LeaseSeconds = 3;

    private long lease;
    private int leaseUses;
    private Entry? compaction;
    private long compactTo;

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await StepAsync();
            // Clients that wait for their next request do not use up the machine, and histories stay short enough to be read.
            await Task.Delay(random.Next(4), CancellationToken.None);
        }
    }

    public async Task StepAsync()
    {
        var key = $"{Objects}c{random.Next(keys):00}";
        switch (random.Next(100))
        {
            case < 15:
                await CreateAsync(key);
                break;
            case < 40:
                await UpdateAsync(key);
                break;
            case < 50:
                await DeleteAsync(key);
                break;
            case < 65:
                await client.ReadAsync(new(key, Limit: random.Next(2)));
                break;
            case < 72:
                await ListAsync(random.Next(3) == 0 ? 0 : random.Next(2, 9));
                break;
            case < 75:
                await client.ReadAsync(new(Prefix, End, CountOnly: true));
                break;
            case < 82:
                await EventAsync();
                break;
            case < 86:
                await client.TransactAsync(new(new Put(key, client.NewValue()), new Put(key + "-pair", client.NewValue())));
                break;
            case < 90:
                await client.TransactAsync(new(new Put(key, client.NewValue())));
                break;
            case < 93:
                await client.TransactAsync(new(new Remove(key)));
                break;
            case < 97:
                await client.ReadAsync(new(Objects, ObjectsEnd, Math.Max(1, watched() - random.Next(200))));
                break;
            default:
                await CompactAsync();
                break;
        }
    }

    public Task<TransactionAnswer?> CreateAsync(string key) => client.TransactAsync(new([new(key, 0, null)], [new Put(key, client.NewValue())], []));

    /// <summary>Reads, then writes on condition that nobody else did; what the refusal shows is what the next try builds upon.</summary>
    public async Task<bool> UpdateAsync(string key, int tries = 5)
    {
        var entry = await FindAsync(key);
        for (var i = 0; i < tries && entry is not null; i++)
        {
            var answer = await client.TransactAsync(new([new(key, entry.Mod, entry.Value)], [new Put(key, client.NewValue())], [new Get(key)]));
            if (answer is null) return false;
            if (answer.Succeeded) return true;
            entry = answer.Steps[0].Found;
        }
        return false;
    }

    private async Task<Entry?> FindAsync(string key) => await client.ReadAsync(new(key)) is { Items: [var item] } ? item.Entry : null;

    public async Task DeleteAsync(string key)
    {
        var entry = await FindAsync(key);
        for (var i = 0; i < 3 && entry is not null; i++)
        {
            var answer = await client.TransactAsync(new([new(key, entry.Mod, entry.Value)], [new Remove(key)], [new Get(key)]));
            if (answer is null or { Succeeded: true }) return;
            entry = answer.Steps[0].Found;
        }
    }

    /// <summary>The first page says the revision of all others.</summary>
    public async Task ListAsync(int limit)
    {
        var from = Objects;
        long revision = 0;
        while (await client.ReadAsync(new(from, ObjectsEnd, revision, limit)) is { More: true } page)
        {
            if (revision == 0) revision = page.Revision;
            from = page.Items[^1].Key + "\0";
        }
    }

    /// <summary>One lease serves many events.</summary>
    private async Task EventAsync()
    {
        if (lease == 0 || leaseUses++ > 20) (lease, leaseUses) = ((await client.GrantAsync(LeaseSeconds))?.Id ?? 0, 0);
        if (lease == 0) return;
        if (await client.TransactAsync(new([], [new Put($"/registry/events/default/e{client.Number}-{random.Next(5)}", client.NewValue(), lease)], [])) is null) lease = 0;
    }

    /// <summary>
    /// kube-apiserver's way: whoever finds the version of the key that he knows writes the revision to compact and does it; the others learn the new
    /// version. Compacted is what was current the last time, so that one interval of history stays.
    /// </summary>
    public async Task CompactAsync()
    {
        var to = compactTo;
        // The one who watches everything must not lose the history that it has still to see; it is the judge.
        if (to > watched()) return;
        var value = $"{to.ToString(CultureInfo.InvariantCulture)}/{client.NewValue()}";
        var answer = await client.TransactAsync(new([new(CompactionKey, compaction?.Version ?? 0, compaction?.Value, ByVersion: true)], [new Put(CompactionKey, value)], [new Get(CompactionKey)]));
        if (answer is null) return;
        compactTo = answer.Revision;
        compaction = answer.Succeeded ? new(value, 0, 0, (compaction?.Version ?? 0) + 1) : answer.Steps[0].Found;
        if (answer.Succeeded && to > 0) await client.CompactAsync(to);
    }
}
