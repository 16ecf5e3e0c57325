/* What a reader does in Thunderbird: open a mail, see what its bar offers, press a button, look into the calendar. */

/* global window, document, Ci, Cc, Components, ChromeUtils */

const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { cal } = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");

const home = () => cal.manager.getCalendars().find((calendar) => calendar.type === "storage");

async function until(found, what) {
  const deadline = Date.now() + 15000;
  while (Date.now() < deadline) {
    const value = await found();
    if (value) {
      return value;
    }
    await new Promise((resolve) => window.setTimeout(resolve, 20));
  }
  throw new Error(`${what} never came`);
}

/* The calendar of a fresh profile is off until the reader first turns it on. */
async function setUp() {
  const calendar = await until(home, "the calendar");
  calendar.setProperty("disabled", false);
  calendar.setProperty("imip.identity.key", "id1");
  await until(() => cal.itip.isSchedulingCalendar(calendar), "a calendar for invitations");
  const root = MailServices.accounts.defaultAccount.incomingServer.rootFolder;
  if (!root.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox)) {
    root.createSubfolder("Inbox", null);
  }
}

/* Put the mail into the inbox and open it in a tab, as a double click does. */
async function show(mail) {
  const root = MailServices.accounts.defaultAccount.incomingServer.rootFolder;
  const inbox = root.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox) || root.getChildNamed("Inbox");
  const header = inbox.QueryInterface(Ci.nsIMsgLocalMailFolder).addMessage(mail.replaceAll("\r\n", "\n"));
  const tabs = document.getElementById("tabmail");
  const tab = tabs.openTab("mailMessageTab", { messageURI: inbox.getUriForMsg(header), viewWrapper: null });
  const page = await until(() => tab.chromeBrowser.contentWindow?.calImipBar && tab.chromeBrowser.contentWindow, "the mail");
  await until(() => page.calImipBar.itipItem, "the invitation's bar");
  const pane = page.document.getElementById("messagepane").contentDocument;
  const details = await until(() => pane.getElementById("imipHTMLDetails"), "the invitation's details");
  return {
    subject: header.mime2DecodedSubject,
    method: page.calImipBar.actionFunc?.method ?? "",
    buttons: [...page.document.querySelectorAll("#imip-view-toolbar > toolbarbutton[id]")]
      .filter((button) => !button.hidden && button.id)
      .map((button) => button.id.replace(/^imip|Button$/g, "")),
    details: details.textContent.replace(/\s+/g, " ").trim(),
    deleted_before: Boolean(
      Cc["@mozilla.org/calendar/deleted-items-manager;1"].getService(Ci.calIDeletedItems).getDeletedDate(
        page.calImipBar.itipItem.getItemList()[0].id,
      ),
    ),
  };
}

/* Press the button for this answer in the tab in front, without sending the answer; then close the tab. */
async function press(answer) {
  const tabs = document.getElementById("tabmail");
  const page = tabs.currentTabInfo.chromeBrowser.contentWindow;
  if (page.calImipBar.actionFunc) {
    let changed = false;
    const note = () => {
      changed = true;
    };
    const observer = {
      QueryInterface: ChromeUtils.generateQI(["calIObserver"]),
      onStartBatch() {}, onEndBatch() {}, onLoad() {}, onError() {}, onPropertyChanged() {}, onPropertyDeleting() {},
      onAddItem: note, onModifyItem: note, onDeleteItem: note,
    };
    home().addObserver(observer);
    page.calImipBar.executeAction(answer, "NONE");
    await until(() => changed, "a change in the calendar");
    home().removeObserver(observer);
  }
  await leave();
}

/* Close the tab in front. */
async function leave() {
  const tabs = document.getElementById("tabmail");
  tabs.closeTab(tabs.currentTabInfo);
}

async function standing() {
  const filter = Ci.calICalendar.ITEM_FILTER_ALL_ITEMS;
  return (await home().getItemsAsArray(filter, 0, null, null)).map(told);
}

async function clear() {
  for (const calendar of cal.manager.getCalendars().filter((each) => each.type === "ics")) {
    cal.manager.unregisterCalendar(calendar);
  }
  for (const item of await home().getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null)) {
    await home().deleteItem(item);
  }
}

/* What a subscription to the address shows once it has been fetched, or fetched anew, and holds so many events. */
async function subscribed(url, number) {
  let calendar = cal.manager.getCalendars().find((each) => each.uri.spec === url);
  if (calendar) {
    calendar.refresh();
  } else {
    calendar = cal.manager.createCalendar("ics", Services.io.newURI(url));
    calendar.name = "subscribed";
    cal.manager.registerCalendar(calendar);
  }
  return await until(async () => {
    const items = await calendar.getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null);
    return items.length === number && items.map(told);
  }, `a feed of ${number}`);
}

function told(item) {
  const [attendee] = item.getAttendees();
  const moment = (date) => (date.isDate ? date.icalString : date.getInTimezone(cal.dtz.UTC).icalString);
  return {
    uid: item.id,
    summary: item.title,
    place: item.getProperty("LOCATION"),
    description: item.getProperty("DESCRIPTION"),
    whole_days: item.startDate.isDate,
    starts: moment(item.startDate),
    ends: moment(item.endDate),
    zone: item.startDate.timezone.tzid,
    status: item.status,
    shown_as: item.getProperty("TRANSP"),
    url: item.getProperty("URL"),
    organizer: item.organizer?.id ?? null,
    attendee: attendee?.id ?? null,
    attendee_name: attendee?.commonName ?? null,
    answer: attendee?.participationStatus ?? null,
    sequence: cal.itip.getSequence(item),
    alarms: item.getAlarms().length,
  };
}
