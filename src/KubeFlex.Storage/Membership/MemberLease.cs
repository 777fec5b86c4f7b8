namespace KubeFlex.Storage.Membership;

/// <summary>
/// This server's right to its stores. Writes are fenced by epochs in the database; what needs this lease are reads, which come from memory. Worked
/// example, a lease of 4 s:
/// 1. At 10.0 s on our clock we ask the database for four seconds more; it answers. Whatever its clock says, nobody takes our stores before 14.0.
///    We count on 13.0, because clocks may run at slightly different speeds.
/// 2. The process is stopped at 11 (SIGSTOP) and goes on at 20. From 14 on another server may have taken stores, and written to them.
/// 3. The first read at 20 finds 13.0 passed and waits. We ask for four seconds more. If nobody wanted our stores, our row is there and they are ours
///    still. If a store was taken, whoever took it has deleted the row, in the same transaction: we give up all stores, and enter
///    the table under a new id.
/// </summary>
internal sealed class MemberLease : IAsyncDisposable
{
    private const int RenewalsPerLease = 5;

    private readonly IMemberTable table;
    private readonly MembershipOptions options;
    private readonly TimeProvider time;
    private readonly Action<StorageException> lost;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task renewing;
    private volatile StoreOwner self;
    private volatile TaskCompletionSource renewed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long deadline;
    private bool member;

    private MemberLease(IMemberTable table, MembershipOptions options, TimeProvider time, Action<StorageException> lost)
    {
        (this.table, this.options, this.time, this.lost, self) = (table, options, time, lost, New(options));
        Renew();
        renewing = RenewAsync();
    }

    /// <summary>Ourselves.</summary>
    public StoreOwner Self => self;

    /// <summary>Nobody else can have taken one of our stores.</summary>
    public bool Held => time.GetTimestamp() < Volatile.Read(ref deadline);

    /// <summary>Enters the table; a database that is away is a <see cref="StorageException"/>. <paramref name="lost"/> is called when all stores must be given up.</summary>
    public static MemberLease Start(IMemberTable table, MembershipOptions options, TimeProvider time, Action<StorageException> lost) => new(table, options, time, lost);

    /// <summary>Completes once the lease is held; <see cref="StorageFailure.Unavailable"/> when that takes longer than one lasts.</summary>
    public async Task HoldAsync(CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var next = renewed.Task;
            if (Held) return;
            var patience = options.Lease - time.GetElapsedTime(started);
            try
            {
                if (patience <= TimeSpan.Zero) throw new TimeoutException();
                await next.WaitAsync(patience, time, cancellation);
            }
            catch (TimeoutException)
            {
                throw new StorageException(StorageFailure.Unavailable, "the database cannot be reached, so that another server may have taken this store over; try again later");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await renewing;
        Volatile.Write(ref deadline, 0);
        try
        {
            if (member) await Task.Run(() => table.Leave(self.Id));
        }
        catch (StorageException)
        {
            // It ends by itself soon.
        }
        stopping.Dispose();
    }

    private async Task RenewAsync()
    {
        using var timer = new PeriodicTimer(options.Lease / RenewalsPerLease, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token))
            {
                try
                {
                    await Task.Run(Renew, stopping.Token);
                }
                catch (StorageException)
                {
                    // The deadline passes if this goes on, and with it the right to read.
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Renew()
    {
        var asked = time.GetTimestamp();
        if (member && !table.Renew(self.Id, options.Lease))
        {
            (member, self) = (false, New(options));
            lost(new(StorageFailure.NotOwner, "this server was not heard of for too long, and another has taken over"));
        }
        if (!member)
        {
            table.Join(self, options.Lease);
            member = true;
        }
        Volatile.Write(ref deadline, asked + (long)(options.Lease.TotalSeconds * 0.75 * time.TimestampFrequency));
        Interlocked.Exchange(ref renewed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    private static StoreOwner New(MembershipOptions options) => new(Guid.NewGuid().ToString("N"), options.Url);
}
