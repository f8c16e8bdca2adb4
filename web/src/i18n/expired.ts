/** The words of the screen of an expired account, in both languages. */
export const expiredFr = {
  "expired.title": "Votre compte a expiré",
  "expired.body":
    "Une fois par an, Tchap vérifie que votre adresse professionnelle est toujours la vôtre. Recevez un message, ouvrez son lien, puis revenez ici.",
  "expired.kept": "Rien n’est perdu : vos salons et vos messages vous attendent, et vous restez connecté sur cet appareil.",
  "expired.send": "Recevoir le message",
  "expired.sendAgain": "Recevoir un autre message",
  "expired.sent":
    "Le message est parti vers votre adresse professionnelle. Regardez aussi dans les indésirables ; vous pourrez en demander un autre dans 30 secondes.",
  "expired.sentAgain": "Le message est parti vers votre adresse professionnelle. Rien reçu ? Demandez-en un autre.",
  "expired.mailbox": "Lire ce message dans la boîte aux lettres intégrée",
  "expired.check": "J’ai ouvert le lien : continuer",
  "expired.notYet": "Votre compte n’est pas encore renouvelé. Ouvrez d’abord le lien du message.",
  "expired.guestBody": "Un agent vous a ouvert l’accès à Tchap pour un temps, qui est passé.",
  "expired.guestAsk": "Que faire pour revenir ?",
  "expired.guestRooms": "Vous n’êtes plus dans vos salons. Une fois votre accès prolongé, on vous y invitera de nouveau.",
  "expired.guestCheck": "Mon accès est prolongé : continuer",
  "expired.guestNotYet": "Votre accès n’est pas encore prolongé.",
  "expired.denied":
    "Le domaine de votre adresse n’est plus autorisé dans Tchap. Adressez-vous à l’assistance de votre administration.",
};

export const expiredEn: typeof expiredFr = {
  "expired.title": "Your account has expired",
  "expired.body":
    "Once a year, Tchap checks that your work e-mail address is still yours. Have an e-mail sent, open its link, then come back here.",
  "expired.kept": "Nothing is lost: your rooms and messages are waiting for you, and you stay signed in on this device.",
  "expired.send": "Send me the e-mail",
  "expired.sendAgain": "Send me another e-mail",
  "expired.sent":
    "The e-mail has left for your work address. Look among unwanted mail too; you may ask for another one in 30 seconds.",
  "expired.sentAgain": "The e-mail has left for your work address. Nothing received? Ask for another one.",
  "expired.mailbox": "Read that e-mail in the built-in mailbox",
  "expired.check": "I opened the link: go on",
  "expired.notYet": "Your account is not renewed yet. Open the link of the e-mail first.",
  "expired.guestBody": "A public servant gave you access to Tchap for a time, which is over.",
  "expired.guestAsk": "How can I come back?",
  "expired.guestRooms": "You are no longer in your rooms. Once your access is prolonged, you have to be invited to them again.",
  "expired.guestCheck": "My access is prolonged: go on",
  "expired.guestNotYet": "Your access is not prolonged yet.",
  "expired.denied": "The domain of your address is no longer authorised in Tchap. Ask your administration’s support.",
};
