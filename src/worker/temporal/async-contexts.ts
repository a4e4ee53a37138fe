/**
 * The SDK keeps an activity's context in two AsyncLocalStorages. While one of them is in use, Node before 24 follows every promise of the
 * process: a tenth of what its main thread does for a call (`npm run bench -- --only narrow`, CPU ms a row). So both are left as soon as
 * the activity has begun: activities read `Context.current()` before their first `await` and hand it on.
 */
import { asyncLocalStorage } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { leaveCallContext, type RemembersCalls } from '../../temporal-connection.js';

/** To be the last of a Worker's interceptors. `connection`: the Worker's. */
export function leaveContexts(connection: RemembersCalls): ActivityInterceptorsFactory {
  return () => ({
    inbound: {
      execute(input, next) {
        const running = next(input);
        asyncLocalStorage.disable();
        leaveCallContext(connection);
        return running;
      },
    },
  });
}
